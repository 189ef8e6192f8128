package managed_test

import (
	"fmt"

	"github.com/writ-iam/writ/managed"
)

func ExampleFind() {
	v, err := managed.Find("AdministratorAccess-Amplify@v10")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Ref(), v.Created.Format("2006-01-02"), v.Statements, "statements,", v.Size, "characters")
	fmt.Printf("%.64s…\n", v.Document())

	_, err = managed.Find("administratoraccess-amplify")
	fmt.Println(err)
	_, err = managed.Find("AdministratorAccess-Amplify@v13")
	fmt.Println(err)

	// Output:
	// AdministratorAccess-Amplify@v10 2023-02-24 10 statements, 10849 characters
	// {"Version":"2012-10-17","Statement":[{"Sid":"CLICloudformationPo…
	// managed policy "administratoraccess-amplify": no AWS managed policy has this name; did you mean AdministratorAccess-Amplify?
	// managed policy "AdministratorAccess-Amplify@v13": AdministratorAccess-Amplify has versions v1 to v12
}

func ExamplePolicy_Versions() {
	p, _ := managed.Lookup("AmplifyBackendDeployFullAccess")
	fmt.Println(p.ARN)
	for _, v := range p.Versions()[:3] {
		fmt.Println(v.ID, v.Created.Format("2006-01-02"), v.Size)
	}

	// Output:
	// arn:aws:iam::aws:policy/service-role/AmplifyBackendDeployFullAccess
	// v1 2023-10-06 1669
	// v2 2023-11-06 1701
	// v3 2023-11-17 1882
}
